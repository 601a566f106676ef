"""Figures of the campaigns, drawn by the command (softac plot): docs/reports.md has the keys of its JSON."""
import json
import math
import subprocess

COLORS = ["text", "c0", "c3", "c2", "c1", "c4"]  # names of src/figure/colors.h


def numbers(values):
    """As JSON has them; null where a number is not finite."""
    return [float(v) if math.isfinite(v) else None for v in values]


class Panel:
    """One plot: lines with an optional band, discs below them."""

    def __init__(self, title, x_label, y_label, y_range=None, x_range=None, square_units=False, log_x=False):
        self.parts = {"title": title, "x": self.axis(x_label, x_range), "y": self.axis(y_label, y_range), "series": [], "discs": [],
                      "square_units": square_units}
        self.parts["x"]["log"] = log_x

    @staticmethod
    def axis(label, limits):
        return {"title": label, **({} if limits is None else {"low": limits[0], "high": limits[1]})}

    def line(self, name, x, y, color, low=None, high=None, dash="", width=1.7, opacity=1.0):
        band = {} if low is None else {"low": numbers(low), "high": numbers(high)}
        self.parts["series"].append({"name": name, "x": numbers(x), "y": numbers(y), "color": color, "dash": dash.replace(",", " "),
                                     "width": width, "opacity": opacity, **band})

    def disc(self, x, y, radius, color, opacity=1.0):
        self.parts["discs"].append({"x": x, "y": y, "radius": radius, "color": color, "opacity": opacity})


def draw(softac, path, panels, columns, heading, **more):
    """Writes the panels to a file, .svg or .png; softac: the command. One legend if all panels agree about it, else one each."""
    figure = {"title": heading, "columns": columns, "panels": [panel.parts for panel in panels], **more}
    subprocess.run([softac, "plot", "-", "-o", str(path)], input=json.dumps(figure), text=True, check=True, stdout=subprocess.DEVNULL)
