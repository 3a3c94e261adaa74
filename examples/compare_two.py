"""What was changed between two pictures?

python examples/compare_two.py before.jpg after.jpg
"""

import sys

import maskwright


def main(original: str, edited: str) -> None:
    comparison = maskwright.compare(original, edited)
    print(comparison.sentence)
    for region in comparison.regions:
        print(f"{region.number}: {region.width} x {region.height} px at {region.x},{region.y}")
    comparison.save("compared")


if __name__ == "__main__":
    main(*sys.argv[1:])
