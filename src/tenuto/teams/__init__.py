"""The ready-made teams, plugins like anybody's; may import the face `tenuto` only."""
