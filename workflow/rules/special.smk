# Rules whose flow is their own: scans and solvers cut into parts, data drawn from other data.
