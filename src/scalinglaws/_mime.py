"""The type under which a figure travels to the page, apart so that a reader of it draws nothing."""

FIGURE = "application/vnd.scalinglaws.figure+json"
