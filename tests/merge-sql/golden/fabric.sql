BEGIN
SET NOCOUNT ON;
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = 'gold')
BEGIN
EXEC sp_executesql N'CREATE SCHEMA [gold]';
END;
IF OBJECT_ID('[gold].[customer_loans]', N'U') IS NULL
BEGIN
CREATE TABLE [gold].[customer_loans] (
	[customer_id] BIGINT NOT NULL,
	[loan_count] BIGINT NOT NULL,
	[total_loan_amount] DECIMAL(28,2) NOT NULL,
	[total_paid] DECIMAL(28,2) NOT NULL,
	[outstanding] DECIMAL(28,2) NOT NULL
);
END;
IF OBJECT_ID('[gold].[acct_load]', N'U') IS NULL
BEGIN
CREATE TABLE [gold].[acct_load] (
	[lake] VARCHAR(100) NOT NULL,
	[table_name] VARCHAR(128) NOT NULL,
	[run_id] VARCHAR(200) NOT NULL,
	[version] BIGINT NOT NULL,
	[row_count] BIGINT NOT NULL,
	[checksum] CHAR(16) NOT NULL,
	[loaded_at] DATETIME2(6) NOT NULL
);
END;
END;
GO
BEGIN
DECLARE @what VARCHAR(8000) = NULL;
SET @what = (SELECT MIN(w.name) FROM (SELECT 'customer_id' AS name
UNION ALL SELECT 'loan_count' AS name
UNION ALL SELECT 'total_loan_amount' AS name
UNION ALL SELECT 'total_paid' AS name
UNION ALL SELECT 'outstanding' AS name) AS w
WHERE OBJECT_ID('[gold].[customer_loans]', N'U') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sys.columns AS c WHERE c.object_id = OBJECT_ID('[gold].[customer_loans]', N'U') AND c.name = w.name));
IF @what IS NOT NULL
BEGIN
SET @what = CONCAT(N'acct-merge-sql: ', 'customer_loans', ': has no column ', @what, '');
BEGIN
THROW 50005, @what, 1;
END;
END;
SET @what = (SELECT MIN(c.name) FROM sys.columns AS c WHERE c.object_id = OBJECT_ID('[gold].[customer_loans]', N'U') AND ((c.name = 'customer_id' AND (TYPE_NAME(c.system_type_id) IN (N'float', N'real') OR c.scale < 0
		OR 39 > CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 255 WHEN N'smallint' THEN 32767 WHEN N'int' THEN 2147483647 END
		OR 2 < CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 0 WHEN N'smallint' THEN -32768 WHEN N'int' THEN -2147483648 END))
	OR (c.name = 'loan_count' AND (TYPE_NAME(c.system_type_id) IN (N'float', N'real') OR c.scale < 0
		OR 3 > CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 255 WHEN N'smallint' THEN 32767 WHEN N'int' THEN 2147483647 END
		OR 1 < CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 0 WHEN N'smallint' THEN -32768 WHEN N'int' THEN -2147483648 END))
	OR (c.name = 'total_loan_amount' AND (TYPE_NAME(c.system_type_id) IN (N'float', N'real') OR c.scale < 2
		OR 205222.39 > CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 255 WHEN N'smallint' THEN 32767 WHEN N'int' THEN 2147483647 END
		OR 6192.54 < CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 0 WHEN N'smallint' THEN -32768 WHEN N'int' THEN -2147483648 END))
	OR (c.name = 'total_paid' AND (TYPE_NAME(c.system_type_id) IN (N'float', N'real') OR c.scale < 2
		OR 33033.16 > CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 255 WHEN N'smallint' THEN 32767 WHEN N'int' THEN 2147483647 END
		OR 1132.11 < CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 0 WHEN N'smallint' THEN -32768 WHEN N'int' THEN -2147483648 END))
	OR (c.name = 'outstanding' AND (TYPE_NAME(c.system_type_id) IN (N'float', N'real') OR c.scale < 2
		OR 172235.19 > CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 255 WHEN N'smallint' THEN 32767 WHEN N'int' THEN 2147483647 END
		OR -9023.29 < CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 0 WHEN N'smallint' THEN -32768 WHEN N'int' THEN -2147483648 END))));
IF @what IS NOT NULL
BEGIN
SET @what = CONCAT(N'acct-merge-sql: ', 'customer_loans', ': a column whose type does not hold every value: ', @what, '');
BEGIN
THROW 50005, @what, 1;
END;
END;
SET @what = (SELECT MIN(c.name) FROM sys.columns AS c WHERE c.object_id = OBJECT_ID('[gold].[customer_loans]', N'U')
AND c.is_nullable = 0 AND c.default_object_id = 0 AND c.is_identity = 0 AND c.is_computed = 0
AND c.name NOT IN ('customer_id', 'loan_count', 'total_loan_amount', 'total_paid', 'outstanding'));
IF @what IS NOT NULL
BEGIN
SET @what = CONCAT(N'acct-merge-sql: ', 'customer_loans', ': column ', @what, ' takes no null, has no default and is not in the stream');
BEGIN
THROW 50005, @what, 1;
END;
END;
END;
GO
BEGIN
IF OBJECT_ID('[gold].[acct_stage_bff7b29a3e18562b]') IS NOT NULL
BEGIN
DROP TABLE [gold].[acct_stage_bff7b29a3e18562b];
END;
CREATE TABLE [gold].[acct_stage_bff7b29a3e18562b] (
	[customer_id] BIGINT NOT NULL,
	[loan_count] BIGINT NOT NULL,
	[total_loan_amount] DECIMAL(28,2) NOT NULL,
	[total_paid] DECIMAL(28,2) NOT NULL,
	[outstanding] DECIMAL(28,2) NOT NULL
);
IF OBJECT_ID('[gold].[acct_gone_bff7b29a3e18562b]') IS NOT NULL
BEGIN
DROP TABLE [gold].[acct_gone_bff7b29a3e18562b];
END;
CREATE TABLE [gold].[acct_gone_bff7b29a3e18562b] (
	[customer_id] BIGINT NOT NULL
);
END;
GO
COPY INTO [gold].[acct_stage_bff7b29a3e18562b] ([customer_id], [loan_count], [total_loan_amount], [total_paid], [outstanding])
FROM 'https://ACCOUNT.dfs.core.windows.net/lake/gold/_export/customer_loans/part-00000-RUN.parquet'
WITH (FILE_TYPE = 'PARQUET', CREDENTIAL = (IDENTITY = 'Managed Identity'));
GO
BEGIN
SET NOCOUNT ON;
DECLARE @what VARCHAR(8000) = NULL;
SET @what = (SELECT MIN(CONCAT(N'', s.[customer_id])) FROM (SELECT [customer_id] AS [customer_id] FROM [gold].[acct_stage_bff7b29a3e18562b] GROUP BY [customer_id] HAVING COUNT_BIG(*) > 1) AS s);
IF @what IS NOT NULL
BEGIN
SET @what = CONCAT(N'acct-merge-sql: ', 'customer_loans', N': a key comes twice: ', @what);
BEGIN
THROW 50001, @what, 1;
END;
END;
BEGIN TRY
BEGIN TRANSACTION;
SET @what = (SELECT NULLIF(COUNT_BIG(*), 13) FROM [gold].[acct_stage_bff7b29a3e18562b]);
IF @what IS NOT NULL
BEGIN
SET @what = CONCAT(N'acct-merge-sql: ', 'customer_loans', ': not every row was staged: ', @what, ' of 13');
BEGIN
THROW 50002, @what, 1;
END;
END;
SET @what = (SELECT COALESCE(N'version ' + CAST(x.v AS VARCHAR(20)), N'no version') FROM (SELECT MAX([version]) AS v FROM [gold].[acct_load] WHERE [lake] = 'LAKE' AND [table_name] = 'customer_loans') AS x
WHERE x.v > 0);
IF @what IS NOT NULL
BEGIN
SET @what = CONCAT(N'acct-merge-sql: ', 'customer_loans', ': the mark of the load before names ', @what, ', later than version 0');
BEGIN
THROW 50006, @what, 1;
END;
END;
DELETE FROM [gold].[customer_loans] WHERE NOT EXISTS (SELECT 1 FROM [gold].[acct_stage_bff7b29a3e18562b] AS s WHERE s.[customer_id] = [customer_loans].[customer_id]);
UPDATE t SET [loan_count] = s.[loan_count], [total_loan_amount] = s.[total_loan_amount], [total_paid] = s.[total_paid], [outstanding] = s.[outstanding]
FROM [gold].[customer_loans] AS t INNER JOIN [gold].[acct_stage_bff7b29a3e18562b] AS s ON t.[customer_id] = s.[customer_id]
WHERE t.[loan_count] <> s.[loan_count] OR (t.[loan_count] IS NULL AND s.[loan_count] IS NOT NULL) OR (t.[loan_count] IS NOT NULL AND s.[loan_count] IS NULL)
	OR t.[total_loan_amount] <> s.[total_loan_amount] OR (t.[total_loan_amount] IS NULL AND s.[total_loan_amount] IS NOT NULL) OR (t.[total_loan_amount] IS NOT NULL AND s.[total_loan_amount] IS NULL)
	OR t.[total_paid] <> s.[total_paid] OR (t.[total_paid] IS NULL AND s.[total_paid] IS NOT NULL) OR (t.[total_paid] IS NOT NULL AND s.[total_paid] IS NULL)
	OR t.[outstanding] <> s.[outstanding] OR (t.[outstanding] IS NULL AND s.[outstanding] IS NOT NULL) OR (t.[outstanding] IS NOT NULL AND s.[outstanding] IS NULL);
INSERT INTO [gold].[customer_loans] ([customer_id], [loan_count], [total_loan_amount], [total_paid], [outstanding])
SELECT s.[customer_id], s.[loan_count], s.[total_loan_amount], s.[total_paid], s.[outstanding] FROM [gold].[acct_stage_bff7b29a3e18562b] AS s
WHERE NOT EXISTS (SELECT 1 FROM [gold].[customer_loans] AS t WHERE t.[customer_id] = s.[customer_id]);
SET @what = (SELECT NULLIF(COUNT_BIG(*), 13) FROM [gold].[customer_loans] AS t INNER JOIN [gold].[acct_stage_bff7b29a3e18562b] AS s ON t.[customer_id] = s.[customer_id]);
IF @what IS NOT NULL
BEGIN
SET @what = CONCAT(N'acct-merge-sql: ', 'customer_loans', N' does not have each key once: rows of these keys: ', @what);
BEGIN
THROW 50003, @what, 1;
END;
END;
SET @what = (SELECT MIN(CONCAT(N'', s.[customer_id])) FROM [gold].[acct_stage_bff7b29a3e18562b] AS s LEFT JOIN [gold].[customer_loans] AS t ON t.[customer_id] = s.[customer_id]
WHERE t.[customer_id] <> s.[customer_id] OR (t.[customer_id] IS NULL AND s.[customer_id] IS NOT NULL) OR (t.[customer_id] IS NOT NULL AND s.[customer_id] IS NULL) OR t.[loan_count] <> s.[loan_count] OR (t.[loan_count] IS NULL AND s.[loan_count] IS NOT NULL) OR (t.[loan_count] IS NOT NULL AND s.[loan_count] IS NULL) OR t.[total_loan_amount] <> s.[total_loan_amount] OR (t.[total_loan_amount] IS NULL AND s.[total_loan_amount] IS NOT NULL) OR (t.[total_loan_amount] IS NOT NULL AND s.[total_loan_amount] IS NULL) OR t.[total_paid] <> s.[total_paid] OR (t.[total_paid] IS NULL AND s.[total_paid] IS NOT NULL) OR (t.[total_paid] IS NOT NULL AND s.[total_paid] IS NULL) OR t.[outstanding] <> s.[outstanding] OR (t.[outstanding] IS NULL AND s.[outstanding] IS NOT NULL) OR (t.[outstanding] IS NOT NULL AND s.[outstanding] IS NULL));
IF @what IS NOT NULL
BEGIN
SET @what = CONCAT(N'acct-merge-sql: ', 'customer_loans', ' does not hold the rows as they came, each once; the first key that differs: ', @what, '');
BEGIN
THROW 50004, @what, 1;
END;
END;
SET @what = (SELECT NULLIF(COUNT_BIG(*), 13) FROM [gold].[customer_loans]);
IF @what IS NOT NULL
BEGIN
SET @what = CONCAT(N'acct-merge-sql: ', 'customer_loans', ' should have 13 rows and has ', @what, '');
BEGIN
THROW 50008, @what, 1;
END;
END;
DELETE FROM [gold].[acct_load] WHERE [lake] = 'LAKE' AND [table_name] = 'customer_loans';
INSERT INTO [gold].[acct_load] ([lake], [table_name], [run_id], [version], [row_count], [checksum], [loaded_at])
SELECT 'LAKE', 'customer_loans', 'RUN', 0, 13, '0063412ff124666b', SYSUTCDATETIME();
COMMIT TRANSACTION;
END TRY
BEGIN CATCH
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
THROW;
END CATCH;
END;
GO
UPDATE STATISTICS [gold].[customer_loans];
GO
DROP TABLE [gold].[acct_stage_bff7b29a3e18562b];
DROP TABLE [gold].[acct_gone_bff7b29a3e18562b];
GO
SELECT N'rows' AS [check], COUNT_BIG(*) AS [found], 13 AS [expected] FROM [gold].[customer_loans]
HAVING COUNT_BIG(*) <> 13;
GO
SELECT N'key twice' AS [check], [customer_id], COUNT_BIG(*) AS [found] FROM [gold].[customer_loans]
GROUP BY [customer_id] HAVING COUNT_BIG(*) > 1;
GO
SELECT N'values' AS [check], 'customer_id' AS [column], COUNT_BIG([customer_id]) AS [found], 13 AS [expected]
FROM [gold].[customer_loans] HAVING COUNT_BIG([customer_id]) <> 13;
GO
SELECT N'total' AS [check], 'customer_id' AS [column], SUM(CAST([customer_id] AS DECIMAL(38,0))) AS [found], 295 AS [expected]
FROM [gold].[customer_loans] HAVING COALESCE(SUM(CAST([customer_id] AS DECIMAL(38,0))), 0) <> 295;
GO
SELECT N'values' AS [check], 'loan_count' AS [column], COUNT_BIG([loan_count]) AS [found], 13 AS [expected]
FROM [gold].[customer_loans] HAVING COUNT_BIG([loan_count]) <> 13;
GO
SELECT N'total' AS [check], 'loan_count' AS [column], SUM(CAST([loan_count] AS DECIMAL(38,0))) AS [found], 19 AS [expected]
FROM [gold].[customer_loans] HAVING COALESCE(SUM(CAST([loan_count] AS DECIMAL(38,0))), 0) <> 19;
GO
SELECT N'values' AS [check], 'total_loan_amount' AS [column], COUNT_BIG([total_loan_amount]) AS [found], 13 AS [expected]
FROM [gold].[customer_loans] HAVING COUNT_BIG([total_loan_amount]) <> 13;
GO
SELECT N'total' AS [check], 'total_loan_amount' AS [column], SUM(CAST([total_loan_amount] AS DECIMAL(38,2))) AS [found], 999775.49 AS [expected]
FROM [gold].[customer_loans] HAVING COALESCE(SUM(CAST([total_loan_amount] AS DECIMAL(38,2))), 0) <> 999775.49;
GO
SELECT N'values' AS [check], 'total_paid' AS [column], COUNT_BIG([total_paid]) AS [found], 13 AS [expected]
FROM [gold].[customer_loans] HAVING COUNT_BIG([total_paid]) <> 13;
GO
SELECT N'total' AS [check], 'total_paid' AS [column], SUM(CAST([total_paid] AS DECIMAL(38,2))) AS [found], 226741.06 AS [expected]
FROM [gold].[customer_loans] HAVING COALESCE(SUM(CAST([total_paid] AS DECIMAL(38,2))), 0) <> 226741.06;
GO
SELECT N'values' AS [check], 'outstanding' AS [column], COUNT_BIG([outstanding]) AS [found], 13 AS [expected]
FROM [gold].[customer_loans] HAVING COUNT_BIG([outstanding]) <> 13;
GO
SELECT N'total' AS [check], 'outstanding' AS [column], SUM(CAST([outstanding] AS DECIMAL(38,2))) AS [found], 773034.43 AS [expected]
FROM [gold].[customer_loans] HAVING COALESCE(SUM(CAST([outstanding] AS DECIMAL(38,2))), 0) <> 773034.43;
GO
SELECT N'mark' AS [check], 'LAKE' AS [lake], 'customer_loans' AS [table_name], 0 AS [version]
WHERE NOT EXISTS (SELECT 1 FROM [gold].[acct_load] WHERE [lake] = 'LAKE' AND [table_name] = 'customer_loans' AND [version] = 0
AND [row_count] = 13 AND [checksum] = '0063412ff124666b');
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = 'gold')
BEGIN
EXEC sp_executesql N'CREATE SCHEMA [gold]';
END;
GO
CREATE OR ALTER VIEW [gold].[customer_loans] AS
SELECT [customer_id], [loan_count], [total_loan_amount], [total_paid], [outstanding]
FROM OPENROWSET(BULK 'https://ACCOUNT.dfs.core.windows.net/lake/gold/customer_loans', FORMAT = 'DELTA')
WITH ([customer_id] BIGINT, [loan_count] BIGINT, [total_loan_amount] DECIMAL(28,2), [total_paid] DECIMAL(28,2), [outstanding] DECIMAL(28,2)) AS r;
GO
