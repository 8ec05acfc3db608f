module aaa.example/own

go 1.22
