"""The type checker of jaxtyping's import hook: shapes and types of arguments, at run time."""

from beartype import BeartypeConf, beartype

# an int may stand where a float is annotated, as everywhere in Python
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
