"""What this machine has: GPUs, CPUs, memory, disk, and who uses them. Only looks; takes nothing."""
