import Formats

/// JSON that may stand inside a page's script element.
enum JSONText {
    static func quoted(_ text: String) -> String { JSONValue.string(text).serialized(escapingHTML: true) }
}
