"""`python -m lab.docs` writes the generated pages anew; with `--check` it only tells."""

import sys

from lab.docs import ROOT, drifted, write

if __name__ == "__main__":
    check = "--check" in sys.argv[1:]
    changed = drifted() if check else write()
    for path in changed:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    sys.exit(1 if check and changed else 0)
