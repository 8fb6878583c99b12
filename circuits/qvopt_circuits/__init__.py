"""What is prepared: gates, circuits, ansätze and their lowering to other libraries."""
