"""One switch of a notebook: what the runs cannot answer is shown in its place, and it goes on.

The library raises :class:`Unidentifiable` where runs cannot answer. A script should stop there. A
chapter that somebody runs on a table of their own should show the reason where the answer would
stand, and answer the rest. IPython lets the code of a cell be rewritten before it runs; here every
call is made through :func:`ask`.
"""

import ast
import operator
from collections.abc import Callable
from typing import Any

from scalinglaws.errors import Unidentifiable
from scalinglaws.notebook.refusal import Refusal, ask

_CALL, _VALUE, _SHOW, _REFUSED = "__sl_call", "__sl_value", "__sl_show", "__sl_refused"
_PART, _EQUAL, _UNEQUAL = "__sl_part", "__sl_equal", "__sl_unequal"
_FRAMES = {"super", "locals", "globals", "vars", "get_ipython", "query", "eval"}
"""Functions and methods that look at the code that calls them, which must be the cell itself."""


def show_refusals() -> None:
    """Show refusals in place of answers from the next cell on; outside IPython nothing changes.

    A refused answer is a :class:`Refusal`: whatever is asked of it is refused for the same reason.
    """
    try:
        from IPython.core.getipython import get_ipython
    except ModuleNotFoundError:
        return
    shell = get_ipython()
    if shell is None or any(isinstance(t, Asking) for t in shell.ast_transformers):
        return
    shell.user_ns.update({_CALL: call, _VALUE: value, _SHOW: show, _REFUSED: Unidentifiable})
    shell.user_ns |= {_PART: operator.getitem, _EQUAL: operator.eq, _UNEQUAL: operator.ne}
    shell.ast_transformers.append(Asking())


def call(made: Callable[[], tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]]) -> Any:
    """Make a call; the refusal of a part of it stands for the whole."""
    try:
        function, args, options = made()
    except Unidentifiable as error:
        return Refusal(error)
    return ask(function, *args, **options)


def value(made: Callable[[], Any], targets: int) -> Any:
    """Return a value, or its refusal, once for each of the targets that it is taken apart into."""
    try:
        found = made()
    except Unidentifiable as error:
        found = Refusal(error)
    return (found,) * targets if targets and isinstance(found, Refusal) else found


def show(error: Unidentifiable) -> None:
    """Show the refusal of a statement that gives no value."""
    from IPython.display import display

    display(Refusal(error))  # type: ignore[no-untyped-call]


class Asking(ast.NodeTransformer):
    """Rewrite the calls and assignments of a cell so that a refusal takes an answer's place."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Make a call through :func:`call`, its arguments looked at inside."""
        self.generic_visit(node)
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in _FRAMES or not _enclosable(node):
            return node
        parts = ast.Tuple(
            [
                node.func,
                ast.Tuple(list(node.args), ast.Load()),
                ast.Dict(
                    [None if k.arg is None else ast.Constant(k.arg) for k in node.keywords],
                    [k.value for k in node.keywords],
                ),
            ],
            ast.Load(),
        )
        return _of(node, _CALL, _lambda(parts))

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Take a part by an index that may be refused through :func:`call`."""
        self.generic_visit(node)
        plain = isinstance(node.slice, ast.Constant | ast.UnaryOp) or any(
            isinstance(part, ast.Slice | ast.Starred) for part in ast.walk(node.slice)
        )
        if not isinstance(node.ctx, ast.Load) or plain or not _enclosable(node):
            return node
        parts = ast.Tuple(
            [
                ast.Name(_PART, ast.Load()),
                ast.Tuple([node.value, node.slice], ast.Load()),
                ast.Dict([], []),
            ],
            ast.Load(),
        )
        return _of(node, _CALL, _lambda(parts))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Compare for equality through :func:`call`, which a refused answer refuses."""
        self.generic_visit(node)
        kinds = {ast.Eq: _EQUAL, ast.NotEq: _UNEQUAL}
        name = kinds.get(type(node.ops[0])) if len(node.ops) == 1 else None
        if name is None or not _enclosable(node):
            return node
        parts = ast.Tuple(
            [
                ast.Name(name, ast.Load()),
                ast.Tuple([node.left, node.comparators[0]], ast.Load()),
                ast.Dict([], []),
            ],
            ast.Load(),
        )
        return _of(node, _CALL, _lambda(parts))

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """Guard each statement of a cell."""
        self.generic_visit(node)
        node.body = [_guarded(statement) for statement in node.body]
        return ast.fix_missing_locations(node)


def _guarded(statement: ast.stmt) -> ast.stmt:
    if isinstance(statement, ast.Assign | ast.Expr) and _enclosable(statement.value):
        first = statement.targets[0] if isinstance(statement, ast.Assign) else None
        count = len(first.elts) if isinstance(first, ast.Tuple | ast.List) else 0
        made = _of(statement.value, _VALUE, _lambda(statement.value), ast.Constant(count))
        statement.value = made
        return statement
    if isinstance(statement, ast.For | ast.If | ast.AugAssign):
        error = ast.Name("__sl_error", ast.Load())
        told = ast.Expr(ast.Call(ast.Name(_SHOW, ast.Load()), [error], []))
        handler = ast.ExceptHandler(ast.Name(_REFUSED, ast.Load()), error.id, [told])
        return ast.copy_location(ast.Try([statement], [handler], [], []), statement)
    return statement


def _enclosable(node: ast.AST) -> bool:
    """Return whether code means the same inside a function of its own."""
    apart = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
    return not any(isinstance(part, apart) for part in ast.walk(node))


def _lambda(body: ast.expr) -> ast.expr:
    empty = ast.arguments([], [], None, [], [], None, [])
    return ast.Lambda(empty, body)


def _of(node: ast.AST, function: str, *args: ast.expr) -> ast.Call:
    made = ast.Call(ast.Name(function, ast.Load()), list(args), [])
    return ast.copy_location(made, node)
