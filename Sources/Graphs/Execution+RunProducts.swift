import Kernels
import TensorCore

extension InstructionRunner {
    @inline(__always)
    func run(_ instruction: ProductInstruction) {
        var product = Product(
            instruction.extents.shape(rows: memory.rows), operands: instruction.operands, result: instruction.result)
        product.packedWeights = instruction.packed
        kernels.product(
            product, operand(instruction.a), operand(instruction.b),
            weights: instruction.packed ? memory.weights(instruction.weights, K.Scalar.self) : nil, epilogue: epilogue(instruction.riders),
            into: destination(instruction.into), bSums: destination(instruction.sums), workspace: memory.scratch(instruction.workspace))
    }

    @inline(__always)
    func epilogue(_ riders: RiderSlots) -> Epilogue<K.Scalar> {
        var epilogue = Epilogue<K.Scalar>()
        epilogue.bias = operand(riders.bias)
        epilogue.activation = riders.activation
        epilogue.gate = riders.gate
        epilogue.gateData = operand(riders.gateData)
        epilogue.residual = operand(riders.residual)
        epilogue.slope = destination(riders.slope)
        return epilogue
    }
}
