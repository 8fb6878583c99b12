"""Pictures of a comparison: one module a picture, all drawn by `draw_pictures`."""
