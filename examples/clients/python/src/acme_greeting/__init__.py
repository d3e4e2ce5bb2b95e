"""Says hello on behalf of Acme."""


def greet(name: str) -> str:
    return f"Hello, {name}!"


def main() -> None:
    print(greet("world"))
