"""Cloud hardware: jobs that are never lost, never paid twice, and priced before they are sent."""
