"""Finding the channels of a whole file of customers: a job that goes on after every crash."""
