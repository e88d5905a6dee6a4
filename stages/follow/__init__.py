"""Following a run of DVC: which stage it is at, and what it says when it fails."""
