"""What can go wrong with a scanner.

ScannerError      .code is stable
+-- BadConfig     the URL, profile or settings can never work: wait for a person
+-- Absent        not plugged in, not listening: wait for it
+-- Denied        no permission (for a moment after plugging in: udev rules still run)
+-- Busy          another program holds it; the message names it where it can be found
+-- Lost          it was there and went away
"""


class ScannerError(Exception):
    """A device session could not start or ended early."""

    code = "scanner"


class BadConfig(ScannerError):
    code = "bad_config"


class Absent(ScannerError):
    code = "absent"


class Denied(ScannerError):
    code = "denied"


class Busy(ScannerError):
    code = "busy"


class Lost(ScannerError):
    code = "lost"
