import Testing

@testable import Operators

/// Which taps read what, against every pair of an output and a tap.
@Suite struct WindowAxisTests {
  static let axes: [WindowAxis] = {
    var all: [WindowAxis] = []
    for extent in [1, 2, 5] {
      for kernel in [1, 2, 3, 9] {
        for stride in 1...3 {
          for dilation in 1...3 {
            for (begin, end) in [(0, 0), (2, 0), (1, 3), (9, 9)] {
              let axis = WindowAxis(
                extent: extent, kernel: kernel, stride: stride, dilation: dilation, begin: begin,
                end: end)
              if axis.outputs > 0 { all.append(axis) }
            }
          }
        }
      }
    }
    return all
  }()

  @Test func tapsAreThoseThatReadInside() {
    #expect(Self.axes.count > 200)
    for axis in Self.axes {
      var pairs = 0
      for output in 0..<axis.outputs {
        let inside = (0..<axis.kernel).filter { (0..<axis.extent).contains(axis.input(output, $0)) }
        #expect(Array(axis.taps(of: output)) == inside, "\(axis), output \(output)")
        pairs += inside.count
      }
      #expect(axis.insidePairs == pairs)
    }
  }

  @Test func noTapThatReadsIsLeftOut() {
    for axis in Self.axes {
      for input in 0..<axis.extent {
        let reading = (0..<axis.kernel).filter { axis.output(input, $0) != nil }
        let range = axis.taps(reading: input)
        #expect(
          range.filter { axis.output(input, $0) != nil } == reading, "\(axis), input \(input)")
      }
    }
  }

  /// Over every pair of two places of a plane.
  @Test func commonTapsAreThoseThatTwoOutputsShare() {
    for rows in Self.axes where rows.outputs <= 6 && rows.kernel <= 3 && rows.dilation == 1 {
      let columns = WindowAxis(extent: 4, kernel: 3, stride: 1, dilation: 1, begin: 1, end: 1)
      let plane = WindowPlane(rows: rows, columns: columns)
      let taps = (0..<plane.outputs).map { output in
        var taps: Set<Int> = []
        plane.forEachInput(of: output) { tap, _ in taps.insert(tap) }
        return taps
      }
      let own = taps.reduce(0) { $0 + $1.count }
      guard own > 0 else { continue }
      var shared = 0
      for (i, a) in taps.enumerated() {
        for (j, b) in taps.enumerated() where i != j { shared += a.intersection(b).count }
      }
      let expected = Double(shared) / Double(taps.count - 1) / Double(own)
      #expect(abs(plane.commonTaps(places: taps.count) - expected) < 1e-12, "\(rows)")
    }
  }

  @Test(.timeLimit(.minutes(1))) func aKernelFarGreaterThanItsInputCostsNothing() {
    let axis = WindowAxis(
      extent: 5, kernel: 1 << 24, stride: 1, dilation: 1, begin: 1 << 23, end: 1 << 23)
    #expect(axis.insidePairs == axis.outputs * 5)
    #expect(axis.taps(reading: 4).count <= axis.outputs)
  }
}
