import RealModule

/// The strokes of the ten digits: lines through points, x to the right and y down, from −0.6 to 0.6.
enum DigitStrokes {
  typealias Point = (x: Double, y: Double)

  static let all: [[[Point]]] = [
    [ellipse(0, 0, 0.36, 0.6, from: -90, to: 270)],
    [[(-0.2, -0.35), (0.05, -0.6), (0.05, 0.6)]],
    [arc(0, -0.28, 0.36, from: 180, to: 390) + [(-0.36, 0.6), (0.4, 0.6)]],
    [
      arc(-0.02, -0.3, 0.3, from: 190, to: 450),
      arc(-0.02, 0.3, 0.32, from: -90, to: 170),
    ],
    [[(0.15, -0.6), (-0.4, 0.2), (0.42, 0.2)], [(0.2, -0.15), (0.2, 0.6)]],
    [
      [(0.35, -0.6), (-0.25, -0.6), (-0.3, -0.05)]
        + arc(-0.02, 0.22, 0.37, from: 225, to: 500)
    ],
    [[(0.25, -0.6), (-0.15, -0.15)], ellipse(0, 0.25, 0.33, 0.35, from: 200, to: 560)],
    [[(-0.38, -0.6), (0.38, -0.6), (-0.1, 0.6)]],
    [
      ellipse(0, -0.3, 0.28, 0.29, from: 90, to: 450),
      ellipse(0, 0.3, 0.33, 0.31, from: -90, to: 270),
    ],
    [ellipse(0, -0.25, 0.33, 0.35, from: 20, to: 380), [(0.31, -0.13), (0.2, 0.6)]],
  ]

  private static func arc(
    _ x: Double, _ y: Double, _ radius: Double, from start: Double, to end: Double
  ) -> [Point] {
    ellipse(x, y, radius, radius, from: start, to: end)
  }

  /// Points every 30 degrees or less; angles turn clockwise from the right.
  private static func ellipse(
    _ x: Double, _ y: Double, _ rx: Double, _ ry: Double, from start: Double, to end: Double
  ) -> [Point] {
    let count = Int(((end - start) / 30).rounded(.up))
    return (0...count).map { i in
      let angle = (start + (end - start) * Double(i) / Double(count)) * .pi / 180
      return (x + rx * .cos(angle), y + ry * .sin(angle))
    }
  }
}
