module example.com/goask

go 1.19
