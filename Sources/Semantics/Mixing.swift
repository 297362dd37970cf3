/// An operator whose results add up products of many elements of several operands, most often of
/// weights and activations.
///
/// With weights that may change, such a result can be any number that the signs of the operands
/// allow, whatever else is computed from these: an analysis may take it as free.
public protocol Mixing: Operator {}
