"""Many organisations at once, on Dask: each is built as `trustpack build` builds one.

Neither do organisations trust one another, nor does who runs this trust any of them. One process reads what
they gave, decides what is to be done, and writes what comes of it; workers get bytes and return bytes.
"""
