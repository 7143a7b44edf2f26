"""The console's pages of channels: how each is, what is set, and stopping and letting go on."""
