"""What a figure shows."""

from matplotlib.text import Text


def texts(figure):
    """Every text that is drawn, footer, ticks and legends among them."""
    figure.draw_without_rendering()
    every = figure.findobj(Text)
    return [text for text in every if text.get_visible() and text.get_text()]


def smallest(figure):
    """The smallest font size in points."""
    return min(text.get_fontsize() for text in texts(figure))
