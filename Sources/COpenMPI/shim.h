// Found through pkg-config (ompi-c): the system's <mpi.h>, nothing else. The C++ bindings of old releases are left out.
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
