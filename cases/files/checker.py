"""The process in which files from outside are parsed: `python -m cases.files.checker TASK MEDIA_TYPE`.

The content comes in on the standard input. What goes out is one line of JSON, {"problem": code} or what
was found, and then, for tasks that write the file anew, its bytes. A parser that is led astray in here
has no keys, no database and no environment, can open no file and no connection, can start no process,
and ends when it takes too much memory or time.
"""

import codecs
import json
import resource
import sys

from cases.files import documents, images
from cases.files.problems import Problem

MEMORY = 1536 * 2**20  # bytes
SECONDS = 30  # of computing


def run(task: str, media_type: str, content: bytes) -> tuple[dict[str, int], bytes]:
    """(what was found, the file written anew or nothing). Raises Problem."""
    match task:
        case "image":
            return images.rewrite(content, media_type)
        case "preview":
            return {}, images.preview(content, media_type)
        case "pdf":
            return documents.rewrite_pdf(content)
        case "office":
            return documents.check_office(content, media_type), b""
    raise ValueError(task)


def _prepare() -> None:
    """Have the libraries open now what they open when they first need it."""
    codecs.lookup("cp437")  # names in archives
    documents.warm_up()


def _confine() -> None:
    """Give up for good what parsing does not need."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),  # not a byte into any file
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),  # what is open stays so; nothing else is ever opened
    ):
        resource.setrlimit(what, (most, most))


def main() -> None:
    task, media_type = sys.argv[1:]
    _prepare()
    _confine()
    try:
        found, anew = run(task, media_type, sys.stdin.buffer.read())
    except Problem as problem:
        found, anew = {"problem": problem.code}, b""
    except MemoryError:
        found, anew = {"problem": "too_much"}, b""
    sys.stdout.buffer.write(json.dumps(found).encode() + b"\n")
    sys.stdout.buffer.write(anew)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
