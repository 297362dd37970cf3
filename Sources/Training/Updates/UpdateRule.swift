import CKernels
import Tensors

/// One step of an optimiser, ready to be computed: a kernel and its numbers.
public struct UpdateRule: Sendable {
  private let kernel: ek_optimizer
  private var numbers = SIMD16<Double>()

  /// A rule with the numbers that the kernel takes, in its order.
  ///
  /// Not an array, which would be allocated in every step.
  init(
    _ kernel: ek_optimizer, _ a: Double, _ b: Double, _ c: Double, _ d: Double = 0,
    _ e: Double = 0, _ f: Double = 0, _ g: Double = 0, _ h: Double = 0, _ i: Double = 0
  ) {
    self.kernel = kernel
    numbers.lowHalf = SIMD8(a, b, c, d, e, f, g, h)
    numbers[8] = i
  }

  /// Whether all numbers are finite in the elements' type.
  func isFinite<T: Scalar>(in _: T.Type) -> Bool {
    numbers.indices.allSatisfy { T(numbers[$0]).isFinite }
  }

  /// Brings the states to the next step and writes the updates.
  func run<T: Scalar>(
    gradient: Elements<T>, weight: Elements<T>, states: StateElements<T>, update: Elements<T>
  ) {
    let count = gradient.count
    precondition(weight.count == count && update.count == count, "counts differ")
    unsafe withUnsafeBytes(of: numbers) { bytes in
      let numbers = unsafe bytes.assumingMemoryBound(to: Double.self).baseAddress
      if let gradient = gradient as? Elements<Float>, let weight = weight as? Elements<Float>,
        let update = update as? Elements<Float>, let states = states as? StateElements<Float>
      {
        var places = unsafe states.pointers
        unsafe withUnsafeMutableBytes(of: &places) { places in
          unsafe ek_optimize_f32(
            kernel, numbers, gradient.pointer, weight.pointer,
            places.assumingMemoryBound(to: UnsafeMutablePointer<Float>?.self).baseAddress,
            update.pointer, count)
        }
      } else if let gradient = gradient as? Elements<Double>,
        let weight = weight as? Elements<Double>, let update = update as? Elements<Double>,
        let states = states as? StateElements<Double>
      {
        var places = unsafe states.pointers
        unsafe withUnsafeMutableBytes(of: &places) { places in
          unsafe ek_optimize_f64(
            kernel, numbers, gradient.pointer, weight.pointer,
            places.assumingMemoryBound(to: UnsafeMutablePointer<Double>?.self).baseAddress,
            update.pointer, count)
        }
      }
    }
  }
}

/// The states of some weights: as many as the optimiser has, at most three.
struct StateElements<T: Scalar>: Sendable {
  private var places: (Elements<T>?, Elements<T>?, Elements<T>?) = (nil, nil, nil)

  static var most: Int { 3 }

  init(_ states: [Elements<T>] = []) {
    precondition(states.count <= Self.most, "too many states")
    for (place, state) in states.enumerated() { self[place] = state }
  }

  subscript(place: Int) -> Elements<T>? {
    get {
      switch place {
      case 0: places.0
      case 1: places.1
      default: places.2
      }
    }
    set {
      switch place {
      case 0: places.0 = newValue
      case 1: places.1 = newValue
      default: places.2 = newValue
      }
    }
  }

  @unsafe var pointers:
    (UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?)
  {
    unsafe (places.0?.pointer, places.1?.pointer, places.2?.pointer)
  }
}
