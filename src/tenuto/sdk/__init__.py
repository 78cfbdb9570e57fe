"""What team authors use, shown through `tenuto`; may import the runtime and all below it."""
