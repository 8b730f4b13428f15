import Formats

/// The message of the error that `body` throws; nil when it throws none, or another kind.
func errorText(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as FormatError {
        return error.description
    } catch {
        return nil
    }
}
