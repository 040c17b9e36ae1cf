df = pd_read_s3_multiple_parquets('ratings2022/01/08/06/', 'captains-rating')

print(df.head())
