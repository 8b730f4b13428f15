// What Swift cannot see of <mpi.h>: handles and special addresses are macros with casts. Each getter is one load after inlining.
// The .c half holds what needs real C: texts of errors and a probe of the kernel.

#ifndef LOCKSTEP_CMPISHIM_H
#define LOCKSTEP_CMPISHIM_H

#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

static inline MPI_Comm lockstep_mpi_comm_world(void) { return MPI_COMM_WORLD; }
static inline MPI_Comm lockstep_mpi_comm_null(void) { return MPI_COMM_NULL; }
static inline MPI_Errhandler lockstep_mpi_errors_return(void) { return MPI_ERRORS_RETURN; }
static inline MPI_Datatype lockstep_mpi_byte(void) { return MPI_BYTE; }
static inline MPI_Datatype lockstep_mpi_float(void) { return MPI_FLOAT; }
static inline MPI_Datatype lockstep_mpi_double(void) { return MPI_DOUBLE; }
static inline MPI_Datatype lockstep_mpi_int64(void) { return MPI_INT64_T; }
static inline MPI_Op lockstep_mpi_sum(void) { return MPI_SUM; }
static inline MPI_Op lockstep_mpi_min(void) { return MPI_MIN; }
static inline MPI_Op lockstep_mpi_max(void) { return MPI_MAX; }
static inline void *lockstep_mpi_in_place(void) { return MPI_IN_PLACE; }
static inline MPI_Request lockstep_mpi_request_null(void) { return MPI_REQUEST_NULL; }

/// MPI_Waitall without the statuses, whose null value is a cast macro.
static inline int lockstep_mpi_wait_all(int count, MPI_Request *requests) {
    return MPI_Waitall(count, requests, MPI_STATUSES_IGNORE);
}

/// Writes the library's text for an error code (at most `capacity` bytes with the final 0) and returns its length.
int lockstep_mpi_error_text(int code, char *buffer, int capacity);

/// The name of an error class as the standard spells it ("MPI_ERR_TRUNCATE"), or "MPI_ERR_?".
const char *lockstep_mpi_class_name(int errorClass);

/// The release this was compiled against: "Open MPI 4.1.4".
const char *lockstep_mpi_compiled_version(void);

/// Whether the kernel lets this process read the memory of process `pid` (what Open MPI's shared memory transport calls CMA): 1 yes,
/// 0 refused. Reads nothing: a refused process gets EPERM or ENOSYS before any address is looked at, an allowed one EFAULT.
int lockstep_may_read_memory_of(int pid);

#endif
