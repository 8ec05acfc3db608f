module packages.demo.example.org/ca

go 1.22
