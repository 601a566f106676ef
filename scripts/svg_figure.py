"""Line plots as SVG, for the campaigns' figures."""

COLORS = ["#1b1b1b", "#08519c", "#3182bd", "#31a354", "#e6872e", "#cb181d"]


def tick(value):
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


class Panel:
    """One plot: lines with an optional band, over a common scale."""

    def __init__(self, title, x_label, y_label, y_range):
        self.title, self.x_label, self.y_label, self.y_range = title, x_label, y_label, y_range
        self.lines = []  # (name, x, y, low, high, color, dash)

    def line(self, name, x, y, color, low=None, high=None, dash=""):
        self.lines.append((name, list(x), list(y), low, high, color, dash))

    def svg(self, left, top, width, height):
        xs = [v for line in self.lines for v in line[1]]
        x0, x1 = min(xs), max(xs)
        y0, y1 = self.y_range

        def at(x, y):
            return f"{left + width * (x - x0) / (x1 - x0):.1f},{top + height * (1 - (min(max(y, y0), y1) - y0) / (y1 - y0)):.1f}"

        out = [f'<text x="{left}" y="{top - 8}" font-size="13">{self.title}</text>',
               f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#999999"/>']
        for i in range(5):
            x, y = x0 + (x1 - x0) * i / 4, y0 + (y1 - y0) * i / 4
            out.append(f'<text x="{left + width * i / 4:.1f}" y="{top + height + 15}" font-size="10" text-anchor="middle">{tick(x)}</text>')
            out.append(f'<text x="{left - 5}" y="{top + height * (1 - i / 4) + 4:.1f}" font-size="10" text-anchor="end">{tick(y)}</text>')
        out.append(f'<text x="{left + width / 2}" y="{top + height + 30}" font-size="11" text-anchor="middle">{self.x_label}</text>')
        out.append(f'<text transform="translate({left - 36},{top + height / 2}) rotate(-90)" font-size="11" '
                   f'text-anchor="middle">{self.y_label}</text>')
        for _, x, y, low, high, color, dash in self.lines:
            if low is not None:
                points = " ".join([*(at(a, b) for a, b in zip(x, low)), *(at(a, b) for a, b in zip(x[::-1], list(high)[::-1]))])
                out.append(f'<polygon points="{points}" fill="{color}" opacity="0.12"/>')
            points = " ".join(at(a, b) for a, b in zip(x, y))
            out.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.7" stroke-dasharray="{dash}"/>')
        return "\n".join(out)


def figure(panels, columns, heading, own_legends=False):
    """own_legends: every panel names its lines inside; else the names of the first one's stand beside them all."""
    width, height = 300, 200
    rows = (len(panels) + columns - 1) // columns
    total_w, total_h = columns * (width + 75) + 120, rows * (height + 70) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{total_w}" height="{total_h}" font-family="sans-serif">',
           '<rect width="100%" height="100%" fill="#ffffff"/>', f'<text x="20" y="22" font-size="15">{heading}</text>']
    for i, panel in enumerate(panels):
        out.append(panel.svg(60 + i % columns * (width + 75), 60 + i // columns * (height + 70), width, height))
    places = [(columns * (width + 75) + 5, 70, panels[0])]
    if own_legends:
        places = [(60 + p % columns * (width + 75) + width - 125, 75 + p // columns * (height + 70), panel) for p, panel in enumerate(panels)]
    for x, top, i, (name, *_, color, dash) in [(x, top, i, line) for x, top, panel in places for i, line in enumerate(panel.lines)]:
        y = top + 18 * i
        out.append(f'<line x1="{x}" y1="{y}" x2="{x + 22}" y2="{y}" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>')
        out.append(f'<text x="{x + 27}" y="{y + 4}" font-size="11">{name}</text>')
    out.append("</svg>\n")
    return "\n".join(out)
