"""allen2024: Unpicking Data at the Seams."""
