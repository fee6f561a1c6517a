"""Programs that run until their standard input has something: it is held open meanwhile."""
import os

import matrix


class Held(matrix.Program):
    """As matrix.Program; its standard input is the test's: line() writes one, done() ends it."""

    def __init__(self, t, *argv, name="tc", **kw):
        pipe = t.path(f"{name}.stdin")
        os.mkfifo(pipe)
        os.chmod(pipe, 0o666)
        # Both ends: neither side waits for the other to open its own.
        self.input = os.open(pipe, os.O_RDWR | os.O_CLOEXEC)
        super().__init__(t, "sh", "-c", 'exec "$@" <' + pipe, "sh", *argv, name=name, **kw)

    def line(self, text=""):
        os.write(self.input, f"{text}\n".encode())

    def done(self, status=0):
        """A line ends the program; its output."""
        self.line()
        return self.end(status)

    def end(self, status=0):
        """The program ends by itself. status None: any."""
        self.t.wait(self.ended, f"the end of {self.name}", matrix.PATIENCE)
        os.close(self.input)
        self.t.running.remove(self.process)
        if status not in (None, self.process.returncode):
            self.fail(f"{self.name} ended with {self.process.returncode}")
        return self.log()

    def stop(self, status=0):
        super().stop(status)
        os.close(self.input)
