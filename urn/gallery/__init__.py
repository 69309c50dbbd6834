"""A page that shows every image with its masks, to be looked at and judged, without a network."""
