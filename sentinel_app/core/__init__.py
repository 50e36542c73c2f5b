"""Pure rules: what is read, chosen, mapped and sent, without any input or output."""
