"""A frozen dataclass that starts fast, for records whose fields all have defaults.

`dataclasses.dataclass(frozen=True)` compiles six methods for every class; for the 17 groups of settings that was half
the time it took to load profiles. Here all records share the methods of `Record`, written once, while `dataclasses`
still collects the fields, so that `fields`, `replace` and `asdict` work as ever.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, NoReturn, dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record:
    """What every record can do; values live in `__dict__` in the order of declaration."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __init_subclass__(cls) -> None:
        dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(cls)

    def __init__(self, **values: Any) -> None:
        known = {name: field.default for name, field in self.__dataclass_fields__.items()}
        for name in values:
            if name not in known:
                raise TypeError(f"{type(self).__name__} has no field {name!r}")
        self.__dict__.update(known | values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise dataclasses.FrozenInstanceError(
            f"cannot assign to {name!r}: make a changed copy with dataclasses.replace"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot delete {name!r}")
