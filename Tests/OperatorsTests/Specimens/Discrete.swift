import Numbers
import Operators
import Semantics
import Tensors

extension Specimen {
  /// Operators on integers and booleans, and between kinds of elements.
  static let discrete: [Specimen] =
    kinds + logic + integerArithmetic + integerReductions

  private static let kinds: [Specimen] = [
    Specimen(Cast(to: .real), spread(2, 3)),
    Specimen(Cast(to: .real), integers([1, -2, 70000])).with {
      $0.hazards = [.overflow]
      $0.draws = nil
    },
    Specimen(Cast(to: .real), booleans([true, false])).with { $0.draws = nil },
    Specimen(Cast(to: .integer), reals([0.4, -1.7, 2.5, 1e30])).with { $0.draws = nil },
    Specimen(Cast(to: .integer), booleans([true, false], 2, 1)).with { $0.draws = nil },
    Specimen(Cast(to: .integer), integers([3, -4])).with { $0.draws = nil },
    Specimen(Cast(to: .boolean), reals([0, -1.7, 0.1])).with { $0.draws = nil },
    Specimen(Cast(to: .boolean), integers([0, 5, -1])).with { $0.draws = nil },
    Specimen(
      BitCast(from: .real(.fp32), to: .integer(bits: 32, isSigned: true)),
      // Intervals do not tell the zeros from each other, whose bits differ.
      reals([0.25, 1.5, -2])),
    Specimen(
      BitCast(from: .real(.fp16), to: .integer(bits: 16, isSigned: false)), reals([3, -0.5, 70000])),
    Specimen(
      BitCast(from: .integer(bits: 32, isSigned: true), to: .real(.fp32)),
      integers([0x3f80_0000, -0x4000_0000, 0x7f7f_ffff])),
    Specimen(
      BitCast(from: .integer(bits: 8, isSigned: false), to: .real(.fp8E4M3FNUZ)),
      integers([127, 129])),
    Specimen(BitCast(from: .real(.bf16), to: .real(.fp16)), reals([1.5, -3, 1.25])),
    Specimen(
      BitCast(from: .boolean, to: .integer(bits: 8, isSigned: true)), booleans([true, false])),
    Specimen(BitCast(from: .integer(bits: 8, isSigned: true), to: .boolean), integers([0, -3])),
    Specimen(BitCast(from: .boolean, to: .real(.fp8E5M2)), booleans([true, false])),
    Specimen(WrapInteger(bits: 8, isSigned: true), integers([127, 128, -129, 5])),
    Specimen(WrapInteger(bits: 16, isSigned: false), integers([-1, 65_536, 7])),
    Specimen(WrapInteger(bits: 64, isSigned: true), integers([.max, .min])),
  ].map { specimen in
    specimen.with { if $0.op is WrapInteger || $0.op is BitCast { $0.draws = nil } }
  }

  private static let logic: [Specimen] = [
    Specimen(And(), booleans([true, false, true, false], 2, 2), booleans([true, false])),
    Specimen(Or(), booleans([true, false, true, false], 2, 2), booleans([true, false])),
    Specimen(Xor(), booleans([true, false, true, false], 2, 2), booleans([true, false])),
    Specimen(Not(), booleans([true, false])),
    Specimen(IsNaN(), reals([1, -2])),
    Specimen(IsInf(), reals([1, -2])),
    Specimen(IsInf(detectsPositive: false), reals([3])),
    Specimen(BitwiseAnd(), integers([12, -7, 5], 3), integers([10])),
    Specimen(BitwiseOr(), integers([12, -7, 5], 3), integers([10])),
    Specimen(BitwiseXor(), integers([12, -7, 5], 3), integers([10])),
    Specimen(BitwiseNot(), integers([12, -7])),
    Specimen(BitShift(isLeft: true, bits: 8), integers([200, 3]), integers([1, 9])),
    Specimen(BitShift(isLeft: false, bits: 16), integers([200, 3]), integers([1, 9])),
    Specimen(
      BitShift(isLeft: false, bits: 8, isSigned: true), integers([-100, 3]), integers([2, -1])),
    Specimen(
      BitShift(isLeft: true, bits: 8, isSigned: true), integers([100, -3]), integers([1, 2])),
    Specimen(Equal(), booleans([true, false]), booleans([true, true])),
    Specimen(Less(), integers([1, 5]), integers([3, 3])),
    Specimen(
      Where(), booleans([true, false]), integers([1, 5]), integers([3])),
    Specimen(Where(), booleans([true, false]), booleans([true, true]), booleans([false])),
  ].map { specimen in specimen.with { $0.draws = nil } }

  private static let integerArithmetic: [Specimen] =
    ([Add(), Sub(), Mul(), Div(), Min(), Max(), Pow(), Mod(isFmod: false), Mod(isFmod: true)]
    .map { (op: any Operator) in
      Specimen(op, integers([7, -7, 12, 0], 2, 2), integers([2, 3]))
    } + [
      Specimen(Mod(isFmod: false), integers([7, -7, 7, -7]), integers([3, 3, -3, -3])),
      Specimen(Mod(isFmod: true), reals([5.3, -5.3, 0.4]), reals([1.5, 2.25, -3])).with {
        $0.hazards = [.undefined]
        $0.radius = 0.05
      },
      Specimen(Mod(isFmod: false), reals([5.3, -5.3, 0.4]), reals([1.5, 2.25, -3])).with {
        $0.hazards = [.undefined]
        $0.radius = 0.05
      },
    ]).map { specimen in specimen.with { $0.draws = nil } }

  private static let integerReductions: [Specimen] = [
    Specimen(ReduceSum(axes: [0]), integers([1, 2, 3, -4, 5, 6], 2, 3)),
    Specimen(ReduceMean(axes: [1]), integers([1, 2, 3, -4, 5, 6], 2, 3)),
    Specimen(ReduceSumSquare(axes: []), integers([1, 2, 3, -4, 5, 6], 2, 3)),
    Specimen(ReduceMax(axes: [1], keepsAxes: false), integers([1, 2, 3, -4, 5, 6], 2, 3)),
    Specimen(ReduceMin(axes: [0]), integers([1, 2, 3, -4, 5, 6], 2, 3)),
    Specimen(ReduceProd(axes: [1]), integers([1, 2, 3, -4, 5, 6], 2, 3)),
    Specimen(ReduceMax(axes: [0]), booleans([true, false, false, false], 2, 2)),
    Specimen(ReduceMin(axes: [1]), booleans([true, true, false, true], 2, 2)),
  ].map { specimen in specimen.with { $0.draws = nil } }
}
