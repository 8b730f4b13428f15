import DataPipeline
import Formats
import TestSupport
import Testing

struct TableTests {
    static let animals = """
        weight,kind,age,name,legs,species
        1.0,wild,2,a,4,cat
        3.0,tame,,b,4,dog
        ,wild,4,c,2,bird
        5.0,,6,d,2,bird
        3.0,tame,8,e,4,dog
        1.0,wild,10,f,4,cat

        """

    /// Loads a table from text, all rows for training unless `change` says otherwise.
    static func load(
        _ text: String, task: TaskKind = .classification(classes: 3), width: Int,
        change: (inout DataSpec, String) throws -> Void = { _, _ in }
    ) throws -> LoadedData {
        try withTemporaryDirectory { folder in
            try writeText(text, to: "\(folder)/t.csv")
            var spec = DataSpec(format: .csv, path: "\(folder)/t.csv", validation: 0)
            try change(&spec, folder)
            return try loadData(spec, task: task, inputShape: [width], seed: 1)
        }
    }

    @Test func numbersAreFilledAndStandardisedAndCategoriesSpreadOut() throws {
        let data = try Self.load(Self.animals, width: 5) { spec, _ in
            spec.ignore = ["name"]
            spec.target = "species"
        }
        #expect(data.train.classNames == ["bird", "cat", "dog"])
        #expect(classes(data.train) == [1, 2, 0, 0, 2, 1])
        let table = try #require(data.preprocessing.table)
        #expect(table.featureNames == ["weight", "kind=tame", "kind=wild", "age", "legs"])
        // weight: 1, 3, -, 5, 3, 1 has the mean 2.6; squares of the six rows after filling sum to 11.2.
        let deviation = (11.2 / 6.0).squareRoot()
        #expect(abs(features(data.train, 0)[0] - Float((1 - 2.6) / deviation)) < 1e-6)
        #expect(features(data.train, 2)[0] == 0)
        #expect(
            features(data.train, 0)[1...2] == [0, 1] && features(data.train, 1)[1...2] == [1, 0]
                && features(data.train, 3)[1...2] == [0, 0])
        #expect(data.train.missingValues == 3 && data.train.report().missingValues == 3)
    }

    @Test func figuresComeFromTheTrainingRowsAlone() throws {
        // The last row is the validation set: neither its 1000 nor its category may leave a trace.
        let text = "x,c,y\n0,a,0\n2,b,1\n4,a,0\n1000,z,1\n"
        let data = try Self.load(text, task: .binary, width: 3) { spec, _ in
            spec.validation = 0.25
            spec.split = .tail
        }
        #expect(data.train.count == 3)
        let encoding = try #require(data.preprocessing.table)
        #expect(encoding.featureNames == ["x", "c=a", "c=b"])
        #expect(encoding.columns[0].kind == .numeric(fill: 2, mean: 2, std: (8.0 / 3).squareRoot()))
        let held = features(data.validation!, 0)
        #expect(abs(held[0] - Float(998 / (8.0 / 3).squareRoot())) < 1e-3 && held[1...] == [0, 0])
        #expect(data.validation!.unknownCategories == 1)
    }

    @Test func aConstantColumnDoesNotDivideByZero() throws {
        let data = try Self.load("x,y\n3,0\n3,1\n", task: .binary, width: 1)
        #expect(features(data.train, 0) == [0])
    }

    @Test func numbersCanBeCategories() throws {
        let data = try Self.load("x,y\n3,0\n7,1\n", task: .binary, width: 2) { spec, _ in spec.categorical = ["x"] }
        #expect(features(data.train, 0) == [1, 0] && features(data.train, 1) == [0, 1])
    }

    @Test func aRegressionOfSeveralValues() throws {
        let data = try Self.load("a,x,b\n1,2,3\n4,5,6\n", task: .regression(width: 2), width: 1) { spec, _ in
            spec.target = "a,b"
            spec.standardize = false
        }
        #expect(data.train.target(of: 1, column: 0) == 4 && data.train.target(of: 1, column: 1) == 6 && features(data.train, 0) == [2])
        #expect(data.train.classNames.isEmpty && data.train.report().classes.isEmpty)
    }

    @Test func binaryTargetsCanHaveNames() throws {
        let data = try Self.load("x,y\n1,yes\n2,no\n3,yes\n", task: .binary, width: 1)
        #expect(data.train.classNames == ["no", "yes"] && (0..<3).map { data.train.target(of: $0) } == [1, 0, 1])
    }

    @Test func theTestSetCanBeAFileWithColumnsInAnotherOrder() throws {
        let data = try Self.load("x,c,y\n0,a,0\n4,b,1\n", task: .binary, width: 3) { spec, folder in
            try writeText("y,extra,c,x\n1,9,b,2\n", to: "\(folder)/test.csv")
            spec.test = .file("\(folder)/test.csv")
        }
        #expect(features(data.test!, 0) == [0, 0, 1] && data.test!.target(of: 0) == 1)
    }

    static let refused: [(text: String, task: TaskKind, width: Int, change: @Sendable (inout DataSpec) -> Void, reason: String)] = [
        ("x,y\n1,0\nnan,1\n", .binary, 1, { _ in }, "'nan' is not a finite number (at line 3, row 2, column 'x')"),
        ("x,y\n1,0\n-inf,1\n", .binary, 1, { _ in }, "'-inf' is not a finite number (at line 3, row 2, column 'x')"),
        ("x,y\n1,0\n1e300,1\n", .binary, 1, { _ in }, "'1e300' is not a finite number (at line 3, row 2, column 'x')"),
        (
            "x,y\n1,0\n2,0\n3,1\n4,1\noops,1\n", .binary, 1, { _ in },
            "'oops' is no number, and 4 of 5 fields of the column are (at line 6, row 5, column 'x')"
        ),
        ("x,y\n1,0\n2,2\n", .binary, 1, { _ in }, "the target of sample 1 is 2, a binary target is 0 or 1 (at line 3, row 2, column 'y')"),
        ("x,y\n1,0\n2,5\n", .classification(classes: 3), 1, { _ in }, "the label of sample 1 is 5, the model has 3 classes"),
        ("x,y\n1,0\n2,0.5\n", .classification(classes: 3), 1, { _ in }, "the label of sample 1 is 0.5, the model has 3 classes"),
        ("x,y\n1,a\n2,b\n3,c\n", .classification(classes: 2), 1, { _ in }, "the column 'y' has 3 classes ('a', 'b', 'c'), the model has 2"),
        ("x,y\n1,0\n2,\n", .binary, 1, { _ in }, "the target is missing (at line 3, row 2, column 'y')"),
        ("x,y\n1,0\n2,nan\n", .regression(width: 1), 1, { _ in }, "value 0 of the target of sample 1 is nan, not a finite number"),
        (
            "x,c,y\n1,a,0\n2,b,1\n", .binary, 7, { _ in },
            "the table gives 3 features: 1 numeric, and categories as one each ('c' 2); the model's input has 7"
        ),
        ("x,y\n1,0\n2,1\n", .binary, 7, { _ in }, "the table gives 1 feature; the model's input has 7"),
        ("x,y\n", .binary, 1, { _ in }, "the data has no samples"),
        ("x,y\n1,0\n", .binary, 1, { $0.target = "z" }, "data.target names the column 'z'; the columns are 'x', 'y'"),
        ("x,y\n1,0\n", .binary, 1, { $0.ignore = ["z"] }, "data.ignore names the column 'z'"),
        ("x,y\n1,0\n", .binary, 1, { $0.ignore = ["x"] }, "no column is left as a feature"),
        ("x,z,y\n,1,0\n,2,1\n", .binary, 2, { _ in }, "no training row has a value in the column 'x'"),
        ("x,y\n1,0\n2\n", .binary, 1, { _ in }, "the row has 1 fields, the header names 2 (at line 3)"),
    ]

    @Test(arguments: refused.indices)
    func saysWhatIsWrong(_ index: Int) {
        let (text, task, width, change, reason) = Self.refused[index]
        let message = dataErrorText { _ = try Self.load(text, task: task, width: width) { spec, _ in change(&spec) } }
        #expect(message?.contains(reason) == true, "got: \(message ?? "no error")")
    }

    @Test func aMissingFileIsNamed() {
        let spec = DataSpec(format: .csv, path: "/nowhere/t.csv")
        let message = dataErrorText { _ = try loadData(spec, task: .binary, inputShape: [1], seed: 1) }
        #expect(message?.hasPrefix("/nowhere/t.csv: cannot open the file for reading: No such file or directory") == true)
    }
}
