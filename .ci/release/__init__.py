"""What is delivered: the package, its bill of materials, and checks of what it brings along."""
