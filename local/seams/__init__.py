"""Every private name of ministack that the engine leans on, typed once; tests/local/test_seams.py holds each."""
