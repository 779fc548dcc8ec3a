"""Session descriptions as text, changed on their way out of a phone."""

import re


def without_events(sdp: str) -> str:
    """The same offer without telephone-event (RFC 4733)."""
    numbers = re.findall(r"a=rtpmap:(\d+) telephone-event/", sdp)
    kept = []
    for line in sdp.splitlines():
        if line.startswith("m=audio"):
            line = " ".join(word for word in line.split() if word not in numbers)
        if not re.match(rf"a=(rtpmap|fmtp):({'|'.join(numbers) or 'none'}) ", line):
            kept.append(line)
    return "\r\n".join(kept) + "\r\n"
