"""Read models as pure folds over events; may import the core only."""
