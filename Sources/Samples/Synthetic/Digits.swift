import Numbers
import RealModule
public import TensorFiles
import Tensors

/// Images of the ten digits, drawn as strokes that are moved, turned, scaled and slanted.
///
/// A pixel is bright within half a stroke's width, dark beyond, and in between on the edge. Shift,
/// angle, scale, slant and width of every image are random, the points of its strokes move a little,
/// and every pixel has normal noise. The mean of an image is uniform from 0.08 to 0.16 for every
/// digit, so that it tells nothing. A set of our own in the form of MNIST (LeCun, Cortes and Burges,
/// 1998): `[1, size, size]`, sample i shows the digit i mod 10.
public struct Digits: SyntheticSet {
  public static let name = "digits"
  public static let summary = "Images of the ten digits, drawn with random strokes."
  public static let options: [SyntheticOption<Digits>] = [
    .count("samples", \.samples, sampleRange), .number("noise", \.noise, 0...10),
    .number("distortion", \.distortion, 0...2), .count("size", \.size, 8...128),
  ]

  public var samples = 1000
  /// Deviation of the noise on each pixel.
  public var noise = 0.1
  /// How far shift, angle, scale, slant and corners go: 1 is about as much as in handwriting.
  public var distortion = 1.0
  /// Pixels of a side.
  public var size = 28
  public var elementsPerSample: Int { size * size + 1 }

  public init() {}

  public func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset {
    let (forms, corners, normals) = (streams["forms"], streams["corners"], streams["noise"])
    let area = size * size
    let tensor = Tensor(zeros: [samples, 1, size, size], .float32)
    let elements = tensor.elements(as: Float.self)
    for i in 0..<samples {
      let form = Form(forms, i, distortion: distortion)
      let segments = form.segments(
        ofDigit: i % 10, moved: { corners.normal(at: 256 * i + $0) }, distortion: distortion)
      draw(segments, form, into: elements[i * area..<(i + 1) * area])
      for pixel in i * area..<(i + 1) * area {
        elements[pixel] += Float(noise * normals.normal(at: pixel))
      }
    }
    return try classified(tensor, classes: 10) { $0 % 10 }
  }

  /// Draws strokes whose coordinates go from −1 to 1 within the image.
  private func draw(_ segments: [Segment], _ form: Form, into image: Elements<Float>) {
    let pixel = 2 / Double(size)
    var sum = 0.0
    for row in 0..<size {
      let y = (Double(row) + 0.5) * pixel - 1
      for column in 0..<size {
        let x = (Double(column) + 0.5) * pixel - 1
        let distance = segments.reduce(.infinity) { min($0, $1.squaredDistance(x, y)) }.squareRoot()
        // The edge of a stroke is as wide as a pixel.
        let ink = min(max((form.width - distance) / pixel + 0.5, 0), 1)
        image[row * size + column] = Float(ink)
        sum += ink
      }
    }
    // The mean is given, as 8 has more strokes than 1.
    let brightness = sum > 0 ? form.mean * Double(size * size) / sum : 0
    for i in image.indices { image[i] *= Float(brightness) }
  }
}

/// A straight piece of a stroke.
private struct Segment {
  let x: Double
  let y: Double
  let dx: Double
  let dy: Double
  let inverseSquare: Double

  init(_ a: (x: Double, y: Double), _ b: (x: Double, y: Double)) {
    (x, y, dx, dy) = (a.x, a.y, b.x - a.x, b.y - a.y)
    let square = dx * dx + dy * dy
    inverseSquare = square > 0 ? 1 / square : 0
  }

  func squaredDistance(_ px: Double, _ py: Double) -> Double {
    let along = min(max(((px - x) * dx + (py - y) * dy) * inverseSquare, 0), 1)
    let (ex, ey) = (px - x - along * dx, py - y - along * dy)
    return ex * ex + ey * ey
  }
}

/// How one image is drawn.
private struct Form {
  let shift: (x: Double, y: Double)
  let angle: Double
  let scale: (x: Double, y: Double)
  let slant: Double
  /// Half the width of a stroke.
  let width: Double
  /// The mean of all pixels, without noise.
  let mean: Double

  init(_ stream: RandomStream, _ image: Int, distortion: Double) {
    func number(_ place: Int, _ low: Double, _ high: Double) -> Double {
      low + (high - low) * stream.uniform(at: 8 * image + place)
    }
    func spread(_ place: Int, _ size: Double) -> Double {
      distortion * number(place, -size, size)
    }
    shift = (spread(0, 0.15), spread(1, 0.15))
    angle = spread(2, 0.25)
    scale = (1 + spread(3, 0.2), 1 + spread(4, 0.15))
    slant = spread(5, 0.25)
    width = number(6, 0.06, 0.13)
    mean = number(7, 0.08, 0.16)
  }

  func segments(
    ofDigit digit: Int, moved: (Int) -> Double, distortion: Double
  ) -> [Segment] {
    var segments: [Segment] = []
    var corner = 0
    for stroke in DigitStrokes.all[digit] {
      let points = stroke.map { point -> (x: Double, y: Double) in
        let x = point.x + 0.03 * distortion * moved(corner)
        let y = point.y + 0.03 * distortion * moved(corner + 1)
        corner += 2
        let (sx, sy) = (scale.x * (x + slant * y), scale.y * y)
        return (
          sx * .cos(angle) - sy * .sin(angle) + shift.x,
          sx * .sin(angle) + sy * .cos(angle) + shift.y
        )
      }
      segments += zip(points, points.dropFirst()).map { Segment($0, $1) }
    }
    return segments
  }
}
