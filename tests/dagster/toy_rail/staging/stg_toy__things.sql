{{ mirror('toy', 'things', [('thing_name', 'name', 'text'), ('price_amount', 'price', 'money')]) }}
