import Kernels
import Training

/// What `--version` prints: the version, the compiler's language mode and the instruction level this machine would run at.
let versionText = "lockstep \(lockstepVersion) (\(InstructionSet.detected.name))"
