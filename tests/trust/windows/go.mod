module trustpack.invalid/windowsclient

go 1.19
