"""What runs and states serve: curves, properties, excited states, gradients and relaxation."""
