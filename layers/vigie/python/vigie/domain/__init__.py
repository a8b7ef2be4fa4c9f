"""The rules and the words of Vigie. Standard library only, no clock, no input, no output."""
