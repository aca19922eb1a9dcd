"""What the box answers (edge_agent/web/views) as TypeScript, so that the screen is compiled against it."""

import types
from types import ModuleType
from typing import Annotated, Any, Literal, NotRequired, TypeVar, Union, get_args, get_origin, get_type_hints

from typing_extensions import is_typeddict

from edge_agent.web.views import box, goods, values, work

HEAD = """\
/*
 * What the box answers: written from edge_agent/web/views by `BACKSTOCK_WRITE=1 pytest tests/screen/test_types.py`,
 * which otherwise fails when this file is not what the box says.
 */
"""
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", Any: "unknown", type(None): "null"}


def typescript() -> str:
    """The whole file."""
    written = [HEAD, f"export type Place = {_type(values.Place, {})};\n"]
    for module in (values, goods, work, box):
        written += [_interface(found) for found in _typed_dicts(module)]
    return "\n".join(written)


def _typed_dicts(module: ModuleType) -> list[Any]:
    return [found for found in vars(module).values() if is_typeddict(found) and found.__module__ == module.__name__]


def _interface(found: Any) -> str:
    parameters = "".join(f"<{parameter.__name__}>" for parameter in getattr(found, "__parameters__", ()))
    known = _arguments(found)
    rows = []
    for name, hint in get_type_hints(found, include_extras=True).items():
        is_optional = get_origin(hint) is NotRequired or name in found.__optional_keys__
        inner = get_args(hint)[0] if get_origin(hint) is NotRequired else hint
        rows.append(f"  {name}{'?' if is_optional else ''}: {_type(inner, known)};")
    return "\n".join([f"export interface {found.__name__}{parameters} {{", *rows, "}\n"])


def _arguments(found: Any) -> dict[Any, Any]:
    """What a class says its generic base is of."""
    known: dict[Any, Any] = {}
    for base in getattr(found, "__orig_bases__", ()):
        origin = get_origin(base)
        if origin is not None and is_typeddict(origin):
            known |= dict(zip(origin.__parameters__, get_args(base), strict=True))
    return known


def _type(hint: Any, known: dict[Any, Any]) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, TypeVar):
        return _type(known[hint], known) if hint in known else hint.__name__
    if origin is Annotated:
        return _type(arguments[0], known)
    if origin is Literal:
        return " | ".join(f'"{each}"' for each in arguments)
    if origin in (Union, types.UnionType):
        return " | ".join(_type(each, known) for each in arguments)
    if origin is list:
        inner = _type(arguments[0], known)
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if origin is dict:
        return f"Record<string, {_type(arguments[1], known)}>"
    if origin is not None:
        return f"{origin.__name__}<{', '.join(_type(each, known) for each in arguments)}>"
    return _PLAIN.get(hint) or str(hint.__name__)
