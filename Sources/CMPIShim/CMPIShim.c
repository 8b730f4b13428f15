#define _GNU_SOURCE
#include "CMPIShim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

int lockstep_mpi_error_text(int code, char *buffer, int capacity) {
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS || length <= 0) {
        length = snprintf(text, sizeof text, "unknown MPI error %d", code);
    }
    if (length >= capacity) length = capacity - 1;
    memcpy(buffer, text, (size_t)length);
    buffer[length] = 0;
    return length;
}

#define NAME(class) case class: return #class;

const char *lockstep_mpi_class_name(int errorClass) {
    switch (errorClass) {
        NAME(MPI_SUCCESS)
        NAME(MPI_ERR_BUFFER)
        NAME(MPI_ERR_COUNT)
        NAME(MPI_ERR_TYPE)
        NAME(MPI_ERR_TAG)
        NAME(MPI_ERR_COMM)
        NAME(MPI_ERR_RANK)
        NAME(MPI_ERR_REQUEST)
        NAME(MPI_ERR_ROOT)
        NAME(MPI_ERR_GROUP)
        NAME(MPI_ERR_OP)
        NAME(MPI_ERR_TOPOLOGY)
        NAME(MPI_ERR_DIMS)
        NAME(MPI_ERR_ARG)
        NAME(MPI_ERR_UNKNOWN)
        NAME(MPI_ERR_TRUNCATE)
        NAME(MPI_ERR_OTHER)
        NAME(MPI_ERR_INTERN)
        NAME(MPI_ERR_IN_STATUS)
        NAME(MPI_ERR_PENDING)
        NAME(MPI_ERR_NO_MEM)
        NAME(MPI_ERR_NO_SPACE)
        NAME(MPI_ERR_WIN)
        NAME(MPI_ERR_PORT)
        NAME(MPI_ERR_SPAWN)
        default: return "MPI_ERR_?";
    }
}

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *lockstep_mpi_compiled_version(void) {
#ifdef OMPI_MAJOR_VERSION
    return "Open MPI " TEXT(OMPI_MAJOR_VERSION) "." TEXT(OMPI_MINOR_VERSION) "." TEXT(OMPI_RELEASE_VERSION);
#else
    return "MPI " TEXT(MPI_VERSION) "." TEXT(MPI_SUBVERSION);
#endif
}

int lockstep_may_read_memory_of(int pid) {
#ifdef __linux__
    char byte = 0;
    struct iovec local = {&byte, 1};
    // Address 1 is never mapped, so permission is the only thing that can differ.
    struct iovec remote = {(void *)1, 1};
    if (process_vm_readv(pid, &local, 1, &remote, 1, 0) >= 0) return 1;
    return errno == EFAULT;
#else
    (void)pid;
    return 0;
#endif
}
