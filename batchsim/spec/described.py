"""Models whose fields are described by the text below each, in the JSON schema and in the documentation.

pydantic's ``use_attribute_docstrings`` does the same as a class is made: it reads the source of each at every start of
the program, which is a tenth of the time that ``batchsim validate`` takes. Here nothing is read until somebody asks.
"""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from batchsim.spec.base import Model


class Described(Model):
    """A model that tells in its JSON schema what each field is."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """pydantic's hook."""
        told = handler(core)
        properties, texts = handler.resolve_ref_schema(told)["properties"], descriptions(cls)
        for name, field in cls.model_fields.items():
            properties[field.alias or name]["description"] = texts[name]
        return told


def descriptions(model: type[Model]) -> dict[str, str]:
    """The text below each field of a model, as its source has it; fields without one are left out."""
    (body,) = (each.body for each in ast.parse(inspect.getsource(model)).body if isinstance(each, ast.ClassDef))
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr)
        if isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }
