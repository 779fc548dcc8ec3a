"""How values are read aloud: pure, one module a language."""
